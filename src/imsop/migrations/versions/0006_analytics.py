from imsop.migrations import sql_revision

revision = "0006"
down_revision = "0005"

upgrade = sql_revision(__file__)
