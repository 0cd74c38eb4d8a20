"""Job engine: takes a job from order to settlement. It knows neither Discord, HTTP nor SQL."""
