"""`imsop bench`: the application under load beside pgbench, and the plans of its statements on volume."""
