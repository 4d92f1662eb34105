"""Floor 3: what did happen; pure folds over events. Empty until runs exist."""
