"""The formats of other services (Perspective, OpenAI Moderation, text-embeddings-inference) and migration from them."""
