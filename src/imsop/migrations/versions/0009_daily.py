from imsop.migrations import sql_revision

revision = "0009"
down_revision = "0008"

upgrade = sql_revision(__file__)
