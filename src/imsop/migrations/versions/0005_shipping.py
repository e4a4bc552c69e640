from imsop.migrations import sql_revision

revision = "0005"
down_revision = "0004"

upgrade = sql_revision(__file__)
