from imsop.migrations import sql_revision

revision = "0026"
down_revision = "0025"

upgrade = sql_revision(__file__)
