"""What the SDK costs, measured against what the limits and the machine allow."""
