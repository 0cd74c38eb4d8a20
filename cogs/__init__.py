"""What members type: one module per feature, found by walking this package."""
