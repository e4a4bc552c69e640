from imsop.migrations import sql_revision

revision = "0010"
down_revision = "0009"

upgrade = sql_revision(__file__)
