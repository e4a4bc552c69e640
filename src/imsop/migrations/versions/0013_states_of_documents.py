from imsop.migrations import sql_revision

revision = "0013"
down_revision = "0012"

upgrade = sql_revision(__file__)
