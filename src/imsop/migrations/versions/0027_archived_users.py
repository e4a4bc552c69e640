from imsop.migrations import sql_revision

revision = "0027"
down_revision = "0026"

upgrade = sql_revision(__file__)
