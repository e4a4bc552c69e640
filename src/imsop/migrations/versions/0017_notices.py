from imsop.migrations import sql_revision

revision = "0017"
down_revision = "0016"

upgrade = sql_revision(__file__)
