# The function as an image for Lambda: one static binary and the certificates that it trusts. `make image` prepares what is
# copied, target/package/ARCH/root, and builds.
FROM scratch
COPY . /
# Nobody in particular; Lambda runs it as a user of its own.
USER 65532:65532
ENTRYPOINT ["/bootstrap"]
