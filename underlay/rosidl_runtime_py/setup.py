from setuptools import setup

NAME = "rosidl_runtime_py"

setup(
    name=NAME,
    version="0.0.0",
    packages=["rosidl_runtime_py"],
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{NAME}"]),
        (f"share/{NAME}", ["package.xml"]),
    ],
    install_requires=["setuptools"],
    zip_safe=True,
    maintainer="VLA maintainers",
    maintainer_email="maintainers@vla.example.com",
    description="Underlay: messages to YAML and back, and which interfaces there are.",
    license="Apache-2.0",
)
