"""`imsop bench`: compares the application under load with pgbench, and checks query plans on volume."""
