from imsop.migrations import sql_revision

revision = "0024"
down_revision = "0023"

upgrade = sql_revision(__file__)
