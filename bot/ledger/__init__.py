"""What an order costs and what a member may spend: pure rules, no storage."""
