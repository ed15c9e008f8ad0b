"""One file per claim: the claim, the experiment that tests it, the verdict. Public names only."""
