from imsop.migrations import sql_revision

revision = "0029"
down_revision = "0028"

upgrade = sql_revision(__file__)
