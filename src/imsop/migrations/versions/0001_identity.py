from imsop.migrations import sql_revision

revision = "0001"
down_revision = None

upgrade = sql_revision(__file__)
