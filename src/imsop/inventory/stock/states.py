"""SQL of the state of a balance `i` of a product `p`, in organization $1."""

STATE = """stock_state_v2(p.status, i.quantity_on_hand, (
               SELECT sum(b.quantity_on_hand) FROM inventory b
               WHERE b.organization_id = $1 AND b.product_id = p.id),
               p.reorder_level, p.id IN (SELECT d.product_id FROM products_in_demand($1, NULL, NULL) AS d))"""
"""What is not needed to tell the state is not evaluated."""
