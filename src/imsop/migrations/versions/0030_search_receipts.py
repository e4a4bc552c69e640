from imsop.migrations import sql_revision

revision = "0030"
down_revision = "0029"

upgrade = sql_revision(__file__)
