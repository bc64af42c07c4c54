# SPDX-License-Identifier: EUPL-1.2
# Programs, public headers, the SDK and its pkg-config file, man pages, completion, unit files.
include(GNUInstallDirs)
foreach(program lienthongd lt-adapter ltctl lt-bench)
    if(TARGET ${program})
        install(TARGETS ${program} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
    endif()
endforeach()
install(DIRECTORY include/lienthong DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(FILES ops/man/ltctl.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ops/completion/ltctl.bash RENAME ltctl
    DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
