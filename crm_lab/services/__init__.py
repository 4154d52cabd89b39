"""What users do: one method per action = may I, is it valid, save, audit."""
