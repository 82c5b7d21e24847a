# SPDX-License-Identifier: Apache-2.0
from setuptools import find_packages, setup

package_name = "vla_speech"

setup(
    name=package_name,
    version="0.1.0",
    packages=find_packages(exclude=["test"]),
    package_data={package_name: ["py.typed"]},
    data_files=[
        ("share/ament_index/resource_index/packages", ["resource/" + package_name]),
        ("share/" + package_name, ["package.xml"]),
    ],
    install_requires=["setuptools"],
    extras_require={"test": ["pytest"]},
    maintainer="VLA workspace maintainers",
    maintainer_email="maintainers@vla.example.com",
    description="Sound to commands and sentences to sound: microphone or file, recognisers, stop words, speaker.",
    license="Apache-2.0",
    entry_points={
        "console_scripts": [
            "audio_source_node = vla_speech.ros.audio_source_node:main",
            "speech_node = vla_speech.ros.speech_node:main",
            "speaker_node = vla_speech.ros.speaker_node:main",
        ]
    },
)
