"""`CvBridge`: ROS image messages to NumPy images and back."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from sensor_msgs.msg import CompressedImage
from sensor_msgs.msg import Image as ImageMessage

from cv_bridge.encodings import DEPTHS, EncodingError, Image, convert, generic_of, parse

_CHANNEL_SHIFT = 3  # OpenCV's type number is depth + (channels - 1) * 8


class CvBridgeError(TypeError):
    """An image that cannot be converted, and why."""


class CvBridge:
    """Converts images. It has no state: one may serve the whole process.

    Images are (height, width) for one channel and (height, width, channels) for more. The encoding
    `passthrough` keeps what is there. Everything that cannot be done raises `CvBridgeError`.
    """

    def imgmsg_to_cv2(self, img_msg: ImageMessage, desired_encoding: str = "passthrough") -> Image:
        """The image of a message, in this machine's byte order.

        Without conversion, padding or swapping of bytes the image is a view of the message's data:
        it is not copied, and writing to one changes the other.
        """
        try:
            encoding = parse(img_msg.encoding)
            image = self._view(img_msg, encoding.dtype, encoding.channels)
            if desired_encoding == "passthrough":
                return image
            return convert(image, img_msg.encoding, desired_encoding)
        except EncodingError as error:
            raise CvBridgeError(str(error)) from error

    @staticmethod
    def _view(img_msg: ImageMessage, dtype: np.dtype[Any], channels: int) -> Image:
        height, width, step = img_msg.height, img_msg.width, img_msg.step
        row_bytes = width * channels * dtype.itemsize
        data = np.frombuffer(img_msg.data, dtype=np.uint8)
        if step < row_bytes:
            raise CvBridgeError(
                f"the image is malformed: step is {step} bytes, but a row of {width} pixels in "
                f"{img_msg.encoding} needs {row_bytes}"
            )
        if data.size < height * step:
            raise CvBridgeError(
                f"the image is malformed: {height} rows of {step} bytes need {height * step} "
                f"bytes, but data has {data.size}"
            )
        rows = data[: height * step].reshape(height, step)[:, :row_bytes]
        ordered = dtype.newbyteorder(">" if img_msg.is_bigendian else "<")
        image: Image = np.ascontiguousarray(rows).view(ordered)
        if not image.dtype.isnative:
            image = image.astype(dtype)
        return image if channels == 1 else image.reshape(height, width, channels)

    def cv2_to_imgmsg(
        self, cvim: Image, encoding: str = "passthrough", header: Any = None
    ) -> ImageMessage:
        """A message of an image. `encoding` names its content; it converts nothing.

        `passthrough` gives the generic encoding of the array's type, such as 8UC3.
        """
        if not isinstance(cvim, np.ndarray | np.generic):
            raise TypeError(f"an image must be a numpy array, not {type(cvim).__name__}")
        if cvim.ndim not in (2, 3):
            raise CvBridgeError(f"an image has 2 or 3 dimensions, not {cvim.ndim}")
        try:
            actual = generic_of(cvim.dtype, 1 if cvim.ndim == 2 else cvim.shape[2])
            if encoding != "passthrough" and parse(encoding).generic != actual:
                raise CvBridgeError(
                    f"encoding {encoding} does not fit an image whose type is {actual}"
                )
        except EncodingError as error:
            raise CvBridgeError(str(error)) from error
        message = ImageMessage()
        message.height, message.width = cvim.shape[:2]
        message.encoding = actual if encoding == "passthrough" else encoding
        message.is_bigendian = int(
            cvim.dtype.byteorder == ">" or (cvim.dtype.byteorder == "=" and sys.byteorder == "big")
        )
        message.step = cvim[:1].nbytes
        message.data.frombytes(np.ascontiguousarray(cvim).data.cast("B") if cvim.size else b"")
        if header is not None:
            message.header = header
        return message

    def compressed_imgmsg_to_cv2(
        self, cmprs_img_msg: CompressedImage, desired_encoding: str = "passthrough"
    ) -> Image:
        """The image of a JPEG, PNG or other compressed message.

        `passthrough` gives what the file holds: mono, bgr or bgra, of 8 or 16 bits.
        """
        import cv2

        data = np.frombuffer(cmprs_img_msg.data, dtype=np.uint8)
        image = cv2.imdecode(data, cv2.IMREAD_UNCHANGED) if data.size else None
        if image is None:
            raise CvBridgeError(
                f"the compressed image ({data.size} bytes, format '{cmprs_img_msg.format}') "
                "cannot be decoded"
            )
        if desired_encoding == "passthrough":
            return np.asarray(image)
        family = {1: "mono", 3: "bgr", 4: "bgra"}[1 if image.ndim == 2 else image.shape[2]]
        try:
            encoding = f"{family}{8 * image.dtype.itemsize}"
            return convert(np.asarray(image), encoding, desired_encoding)
        except EncodingError as error:
            raise CvBridgeError(str(error)) from error

    def cv2_to_compressed_imgmsg(self, cvim: Image, dst_format: str = "jpg") -> CompressedImage:
        """A compressed message of an image; `dst_format` is a file extension OpenCV can write."""
        import cv2

        if not isinstance(cvim, np.ndarray | np.generic):
            raise TypeError(f"an image must be a numpy array, not {type(cvim).__name__}")
        try:
            done, data = cv2.imencode(f".{dst_format}", cvim)
        except cv2.error as error:
            raise CvBridgeError(f"the image cannot be written as {dst_format}: {error}") from error
        if not done:
            raise CvBridgeError(f"the image cannot be written as {dst_format}")
        message = CompressedImage(format=dst_format)
        message.data.frombytes(data.tobytes())
        return message

    # Upstream's questions about types, by OpenCV's type numbers.

    def dtype_with_channels_to_cvtype2(self, dtype: np.dtype[Any], n_channels: int) -> str:
        """Generic encoding of an element type and a number of channels."""
        try:
            return generic_of(np.dtype(dtype), n_channels)
        except EncodingError as error:
            raise CvBridgeError(str(error)) from error

    def encoding_to_cvtype2(self, encoding: str) -> int:
        """OpenCV's type number of an encoding."""
        try:
            parsed = parse(encoding)
        except EncodingError as error:
            raise CvBridgeError(str(error)) from error
        return DEPTHS.index(parsed.depth) + ((parsed.channels - 1) << _CHANNEL_SHIFT)

    def cvtype2_to_dtype_with_channels(self, cvtype: int) -> tuple[str, int]:
        """Name of the element type, and number of channels, of an OpenCV type number."""
        depth, channels = cvtype & ((1 << _CHANNEL_SHIFT) - 1), (cvtype >> _CHANNEL_SHIFT) + 1
        if cvtype < 0 or depth >= len(DEPTHS):
            raise CvBridgeError(f"{cvtype} is no OpenCV type number")
        return parse(DEPTHS[depth]).dtype.name, channels

    def encoding_to_dtype_with_channels(self, encoding: str) -> tuple[str, int]:
        """Name of the element type, and number of channels, of an encoding."""
        return self.cvtype2_to_dtype_with_channels(self.encoding_to_cvtype2(encoding))
