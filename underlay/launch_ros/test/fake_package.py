"""The name of the package that the fixture `package` installs."""

PACKAGE = "launch_ros_test_package"
