from imsop.migrations import sql_revision

revision = "0022"
down_revision = "0021"

upgrade = sql_revision(__file__)
