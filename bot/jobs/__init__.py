"""A job from order to settlement, knowing neither Discord, HTTP nor SQL."""
