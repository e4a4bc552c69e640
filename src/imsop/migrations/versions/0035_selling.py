from imsop.migrations import sql_revision

revision = "0035"
down_revision = "0034"

upgrade = sql_revision(__file__)
