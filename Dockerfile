# The function as an image for Lambda: one static binary and the certificate authorities that it trusts. `make
# image` fills the build context, target/package/ARCH/root.
FROM scratch
COPY . /
# An unprivileged user for other hosts. Lambda runs the image as its own user.
USER 65532:65532
ENTRYPOINT ["/bootstrap"]
