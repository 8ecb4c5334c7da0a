# Prints the Makefile's chapters and targets: lines `##@ Chapter` and `target: … ## what it does`.
/^##@ / { printf "\n%s\n", substr($0, 5) }
/^[a-z][a-z-]*:.*## / {
    name = $0; sub(/:.*/, "", name)
    words = $0; sub(/.*## /, "", words)
    printf "  make %-12s %s\n", name, words
}
