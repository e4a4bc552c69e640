from imsop.migrations import sql_revision

revision = "0028"
down_revision = "0027"

upgrade = sql_revision(__file__)
