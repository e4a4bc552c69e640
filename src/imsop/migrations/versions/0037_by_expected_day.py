from imsop.migrations import sql_revision

revision = "0037"
down_revision = "0036"

upgrade = sql_revision(__file__)
