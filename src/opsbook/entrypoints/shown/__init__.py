"""How answers of the verbs are shown: as text for a terminal, as JSON, SARIF, annotations. Decides nothing."""
