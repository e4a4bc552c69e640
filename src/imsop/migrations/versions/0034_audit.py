from imsop.migrations import sql_revision

revision = "0034"
down_revision = "0031"

upgrade = sql_revision(__file__)
