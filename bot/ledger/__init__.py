"""Prices, allowances, budgets and balances as pure rules; the store keeps the ledger itself."""
