"""Rules for what can be carried out: steps, commands, labels, parameters, ways back."""
