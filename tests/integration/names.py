# SPDX-License-Identifier: EUPL-1.2
"""Who works honestly beside every test, and on what."""
COMMUNE = "H24.11001"
DEPARTMENT = "H24.901"
PROCEDURE = "1.001193.000.00.00.H24"
