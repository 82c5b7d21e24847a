# SPDX-License-Identifier: Apache-2.0
from setuptools import find_packages, setup

package_name = "vla_training"

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
    description="Training of the detector network that ships with vla_perception.",
    license="Apache-2.0",
)
