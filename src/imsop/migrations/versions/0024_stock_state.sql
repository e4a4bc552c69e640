-- The state of a product's stock in a warehouse, in one place: without any there, it is out of stock; below the reorder
-- level if the product's stock in all warehouses is, too. A product that is not active has its own status as state.
CREATE FUNCTION stock_state(p_status text, p_on_hand bigint, p_reorder_level int, p_on_hand_of_product bigint)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN p_status <> 'active' THEN p_status
            WHEN p_on_hand = 0 THEN 'out_of_stock'
            WHEN p_on_hand < p_reorder_level AND p_on_hand_of_product < p_reorder_level THEN 'below_reorder_level'
            ELSE 'in_stock' END;
GRANT EXECUTE ON FUNCTION stock_state TO imsop_app, imsop_operator;
