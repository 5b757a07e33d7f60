"""The report's sections: from a result to the texts and tables that its templates set."""
