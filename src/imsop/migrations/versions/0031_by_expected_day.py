from imsop.migrations import sql_revision

revision = "0031"
down_revision = "0030"

upgrade = sql_revision(__file__)
