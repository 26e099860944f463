# The salon on a CPU: docker build -t hairgan . && docker run --rm -p 127.0.0.1:7860:7860 hairgan
FROM python:3.11-slim
RUN pip install --no-cache-dir uv && useradd --create-home salon
WORKDIR /hairgan
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY src src
COPY conf conf
COPY datamodules datamodules
COPY lightning_modules lightning_modules
COPY train.py evaluate.py sweep.py ./
# The known-good set, but torch without CUDA, whose versions carry a suffix of their own.
RUN grep -viE '^(torch|torchvision|triton|nvidia-.*|cuda-.*)==' constraints.txt > /tmp/constraints.txt \
    && uv pip install --system --no-cache --torch-backend cpu -c /tmp/constraints.txt '.[app,faces,heic]'
USER salon
EXPOSE 7860
# In the container every address is open; -p above says who reaches it from outside. HAIRGAN_APP_AUTH sets a password,
# HAIRGAN_BUNDLE names other networks, mounted with -v.
CMD ["hairgan", "app", "--host", "0.0.0.0", "--port", "7860"]
