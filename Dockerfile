# Grading on macOS and Windows: the sandbox needs Linux, and a container has it.
#
#   docker build -t nn-course .
#   docker run --rm -it -v "$PWD":/course nn-course doctor
#   docker run --rm -it -v "$PWD":/course nn-course grade knn_and_mse_net
#
# The course folder is mounted, so submissions, gradebook.db and feedback stay on your machine. On a Linux host add
# --user "$(id -u):$(id -g)", so that they stay yours.
#
# Docker forbids new namespaces by default: the sandbox then relies on Landlock and seccomp alone, so the container's kernel
# must support them. `doctor` tests every mechanism and exits with 0 only if grading is safe. To allow namespaces too:
#   --security-opt seccomp=unconfined --security-opt apparmor=unconfined
FROM python:3.11-slim

WORKDIR /kit
COPY environment.yml pyproject.toml README.md LICENSE ./
RUN sed -n '/- pip:/,$ s/^ *- \([^:]*\)$/\1/p' environment.yml > requirements.txt \
    && pip install --no-cache-dir -r requirements.txt
COPY autograder ./autograder
COPY data/registry.toml ./data/registry.toml
RUN pip install --no-cache-dir --no-deps .

RUN useradd --create-home instructor
USER instructor
ENV HOME=/tmp OPENBLAS_NUM_THREADS=1
WORKDIR /course
ENTRYPOINT ["autograder"]
CMD ["doctor"]
