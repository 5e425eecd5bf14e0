"""How the sandbox's simulated people are drawn: geometry and paint, no photographs of anyone."""
