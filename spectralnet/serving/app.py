"""The JSON API of one model, and a web page for it. Needs the extra ``serve``."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import torch
from fastapi import FastAPI, HTTPException, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse, Response
from fastapi_offline import FastAPIOffline
from pydantic import BaseModel, Field
from starlette.requests import ClientDisconnect

from spectralnet.data.pixels import Pixels
from spectralnet.data.texts import Tfidf
from spectralnet.errors import DataError, ParameterError
from spectralnet.methods.predictor import Predictor, as_frame
from spectralnet.serving.bodies import JSON, media_types, read_body

CONNECTIONS = 256  # at once; beyond, uvicorn answers 503
BODIES = 16  # in memory at once; others wait in their sockets
SECONDS = 30.0  # for a body to arrive
LONGEST = 1000  # letters of a reason, which may quote what was sent
PAGE = Path(__file__).with_name("page.html")


@dataclass(frozen=True)
class Limits:
    """What a request may ask for.

    Attributes
    ----------
    max_rows : int
        Samples.
    max_bytes : int
        Of the body.
    threads : int
        Requests that are worked on at once.
    """

    max_rows: int = 10_000
    max_bytes: int = 8 * 2**20
    threads: int = 1


class About(BaseModel):
    """What the model expects."""

    takes: str = Field(description="images, rows or texts")
    n_clusters: int
    most_clusters: int | None = Field(None, description="that its hierarchy can be cut in")
    image_shape: tuple[int, int] | None = Field(None, description="height and width")
    white: float | None = Field(None, description="the value of a white pixel; black is 0")
    n_columns: int | None = Field(None, description="numbers in a row")
    columns: list[str] | None = Field(None, description="their names, if the model knows them")
    media_types: list[str] = Field(description="of what is sent to /predict")
    max_rows: int = Field(description="samples in a request")
    max_bytes: int = Field(description="of a request's body")


def about(predictor: Predictor, limits: Limits) -> About:
    """Say what a model expects, and how much of it at once."""
    preparation = predictor.preparation
    pixels = isinstance(preparation, Pixels)
    return About(
        takes="images" if pixels else "texts" if isinstance(preparation, Tfidf) else "rows",
        n_clusters=len(predictor.model.centroids),
        most_clusters=len(tree.groups) if (tree := predictor.hierarchy) else None,
        image_shape=preparation.image_shape if isinstance(preparation, Pixels) else None,
        white=preparation.maximum if isinstance(preparation, Pixels) else None,
        n_columns=getattr(preparation, "n_columns", None),
        columns=getattr(preparation, "names", None),
        media_types=media_types(preparation),
        max_rows=limits.max_rows,
        max_bytes=limits.max_bytes,
    )


class Asked(BaseModel, extra="forbid"):
    """Which columns to give too, and of how many clusters: see `as_frame`, `Predictor.predict`."""

    embedding: bool = Field(False, description="where each sample lies")
    probabilities: bool = Field(False, description="of all clusters")
    n_clusters: int | None = Field(None, description="that the model's hierarchy is cut in")


def create_app(
    predictor: Predictor, limits: Limits | None = None, device: torch.device | None = None
) -> FastAPI:
    """Build the application that serves a model.

    Parameters
    ----------
    predictor : Predictor
    limits : Limits, optional
    device : torch.device, optional
        By default the CPU.

    Returns
    -------
    FastAPI
        ``GET /``, a page; ``GET /docs``; ``GET /health``; ``GET /model``; ``POST /predict``.
        What is wrong with a request is answered with 4xx and ``{"detail": reason}``.
    """
    limits = limits or Limits()
    expected = about(predictor, limits)
    workers = ThreadPoolExecutor(limits.threads, thread_name_prefix="predict")
    bodies = asyncio.Semaphore(BODIES)
    app: FastAPI = FastAPIOffline(title="SpectralNet", redoc_url=None, description=_DESCRIPTION)

    def answer(body: bytes, media_type: str, asked: Asked) -> bytes:
        raw = read_body(body, media_type, predictor.preparation, limits.max_rows)
        assigned = predictor.predict(raw, device, asked.n_clusters)
        frame = as_frame(assigned, asked.embedding, asked.probabilities)
        rows = frame.astype(object).where(frame.notna(), None)  # what the model cannot tell is null
        return json.dumps({"predictions": rows.to_dict("records")}, allow_nan=False).encode()

    @app.exception_handler(DataError)
    @app.exception_handler(ParameterError)
    async def refuse(_: Request, error: DataError | ParameterError) -> JSONResponse:
        return JSONResponse({"detail": str(error)[:LONGEST]}, 422)

    @app.exception_handler(RequestValidationError)
    async def refuse_query(request: Request, error: RequestValidationError) -> JSONResponse:
        wrong = "; ".join(f"{found['loc'][-1]}: {found['msg']}" for found in error.errors())
        return await refuse(request, DataError(f"the query: {wrong}"))

    @app.get("/", include_in_schema=False)
    async def page() -> FileResponse:
        return FileResponse(PAGE, headers={"Content-Security-Policy": _POLICY})

    @app.get("/health")
    async def health() -> dict[str, str]:
        """Say that the server is there."""
        return {"status": "ok"}

    @app.get("/model", response_model_exclude_none=True)
    async def model() -> About:
        """Say what the model expects."""
        return expected

    @app.post("/predict", openapi_extra=_openapi(expected), responses=_ANSWERS)
    async def predict(request: Request, asked: Annotated[Asked, Query()]) -> Response:
        """Put samples into the clusters of the model."""
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type not in expected.media_types:
            raise HTTPException(415, f"Content-Type has to be {' or '.join(expected.media_types)}")
        async with bodies:
            body = await _receive(request, limits.max_bytes)
            loop = asyncio.get_running_loop()
            found = await loop.run_in_executor(workers, answer, body, media_type, asked)
        return Response(found, media_type=JSON)

    return app


async def _receive(request: Request, max_bytes: int) -> bytes:
    """Read a body that is neither too large nor too slow."""
    too_large = HTTPException(413, f"the body has more than {max_bytes} bytes: send it in parts")
    if int(request.headers.get("content-length", 0)) > max_bytes:
        raise too_large
    body = bytearray()
    try:
        async with asyncio.timeout(SECONDS):
            async for part in request.stream():
                body += part
                if len(body) > max_bytes:
                    raise too_large
    except TimeoutError as error:
        raise HTTPException(408, f"the body did not arrive within {SECONDS:.0f} s") from error
    except ClientDisconnect as error:
        raise HTTPException(400, "the connection ended before the body") from error
    return bytes(body)


def _openapi(expected: About) -> dict[str, Any]:
    """Describe the body of a request, with a sample that this model takes."""
    schema: dict[str, Any] = {"type": "string"}
    example: Any = "a text"
    if expected.takes != "texts":
        shape = expected.image_shape or (expected.n_columns or 0,)
        schema = {"type": "array", "items": {}, "description": f"numbers of shape {shape}"}
        example = [0] * shape[-1]
        if expected.columns:
            schema = {"anyOf": [schema, {"type": "object", "required": expected.columns}]}
            example = dict.fromkeys(expected.columns, 0)
        for side in reversed(shape[:-1]):
            example = [example] * side
    samples = {"type": "array", "items": schema, "minItems": 1, "maxItems": expected.max_rows}
    content: dict[str, Any] = {
        media_type: {"schema": {"type": "string", "format": "binary"}}
        for media_type in expected.media_types
    }
    content[JSON] = {
        "schema": {
            "type": "object",
            "required": ["samples"],
            "properties": {"samples": samples},
            "additionalProperties": False,
        },
        "example": {"samples": [example]},
    }
    return {"requestBody": {"required": True, "content": content}}


class Prediction(BaseModel, extra="allow"):
    """A row of what `spectralnet predict` writes."""

    cluster: int = Field(description="from 0; -1 for noise")
    distance: float = Field(description="to the cluster's centroid: small ones are typical")
    probability: float | None = Field(None, description="that it keeps this cluster in other fits")
    outlier_score: float | None = Field(None, description="0 is usual; above 5 far from all fitted")


class Predictions(BaseModel):
    """One for each sample, in their order."""

    predictions: list[Prediction]


class Reason(BaseModel):
    """Why a request was refused."""

    detail: str


_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"model": Predictions},
    408: {"model": Reason, "description": "The body came too slowly"},
    413: {"model": Reason, "description": "The body is too large"},
    415: {"model": Reason, "description": "The body is of another type"},
    422: {"model": Reason, "description": "The samples are not what the model takes"},
}
_DESCRIPTION = "Clusters of new samples, by a model that was trained before: nothing is fitted."
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "connect-src 'self'; img-src blob:"
)
