from imsop.migrations import sql_revision

revision = "0023"
down_revision = "0022"

upgrade = sql_revision(__file__)
