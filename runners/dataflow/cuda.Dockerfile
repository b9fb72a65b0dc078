# Workers on machines with NVIDIA's GPUs: CUDA and XLA's plugin for it; the driver is
# the machine's own. From the repository's root:
#
#   docker build -f runners/dataflow/cuda.Dockerfile -t REGION-docker.pkg.dev/PROJECT/retort/cuda:1 .
#   docker push REGION-docker.pkg.dev/PROJECT/retort/cuda:1
#   docker build -f runners/dataflow/cuda.Dockerfile --target program --output bin .
#
# and --accelerator-image REGION-docker.pkg.dev/PROJECT/retort/cuda:1
# --accelerator-binary bin/retort-xla. The last command gives the program that is in
# the image; of another one the image fetches the staged one.
FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=1 GOOS=linux GOARCH=amd64 go build -trimpath -tags xla -o /out/retort-xla ./cmd/retort

FROM scratch AS program
COPY --from=build /out/retort-xla /

FROM python:3.12-slim-bookworm AS xla
RUN python3 -m pip install --no-cache-dir --target /opt/xla jax-cuda12-pjrt==0.12.0.1 \
	nvidia-cudnn-cu12==9.28.0.42 nvidia-cublas-cu12==12.9.3.13 nvidia-cusolver-cu12==11.7.5.82 nvidia-cusparse-cu12==12.5.10.65 \
	nvidia-cufft-cu12==11.4.1.4 nvidia-nccl-cu12==2.32.3 nvidia-nvjitlink-cu12==12.9.86 nvidia-cuda-nvcc-cu12==12.9.86 \
	nvidia-cuda-runtime-cu12==12.9.79 nvidia-cuda-cupti-cu12==12.9.79 nvidia-cuda-nvrtc-cu12==12.9.86

FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates libstdc++6 && rm -rf /var/lib/apt/lists/*
COPY --from=xla /opt/xla /opt/xla
COPY --from=build /out/retort-xla /opt/retort/retort
# Dataflow puts the driver's libraries there.
ENV LD_LIBRARY_PATH=/usr/local/nvidia/lib64
ENV PJRT_PLUGIN_LIBRARY_PATH=/opt/xla/jax_plugins/xla_cuda12
ENV GOMLX_NO_AUTO_INSTALL=1
ENTRYPOINT ["/opt/retort/retort", "--boot"]
