from imsop.migrations import sql_revision

revision = "0036"
down_revision = "0035"

upgrade = sql_revision(__file__)
