"""What limits a study of many trials: made stores, what each part costs, and a simulated cluster."""
