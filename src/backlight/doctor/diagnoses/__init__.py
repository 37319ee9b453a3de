"""The diagnoses, one file a finding. A new file here is found by itself."""
