# SPDX-License-Identifier: EUPL-1.2
# Programs, public headers, the SDK and its pkg-config file, man pages, completion, unit files.
include(GNUInstallDirs)
foreach(program lienthongd lt-adapter ltctl lt-bench lt-verify)
    if(TARGET ${program})
        install(TARGETS ${program} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
    endif()
endforeach()
install(DIRECTORY include/lienthong DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(FILES ops/man/ltctl.1 ops/man/lt-adapter.1 ops/man/lt-bench.1 ops/man/lt-verify.1
    DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ops/man/lienthongd.8 DESTINATION ${CMAKE_INSTALL_MANDIR}/man8)
install(DIRECTORY ops/runbooks DESTINATION share/doc/lienthong)
install(FILES ops/evidence.md DESTINATION share/doc/lienthong)
install(FILES ops/systemd/lienthongd.service ops/systemd/lt-adapter@.service
    DESTINATION lib/systemd/system)
install(FILES ops/config/lienthongd.yaml ops/config/lt-adapter.yaml
    DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples)
install(FILES ops/catalogue/haiphong-communes.csv ops/catalogue/sample-agencies.csv
    ops/catalogue/sample-routes.csv ops/catalogue/README.md
    DESTINATION ${CMAKE_INSTALL_DATADIR}/lienthong/catalogue)
install(FILES ops/man/liblienthong.3 DESTINATION ${CMAKE_INSTALL_MANDIR}/man3)
install(FILES ops/completion/ltctl.bash RENAME ltctl
    DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)

# liblienthong: the SDK and what it uses of protocol and base as one object, in which only the names
# that the public headers mark LT_EXPORT are visible; as an archive and as a shared library.
if(NOT LT_SANITIZE AND NOT LT_FUZZ)
    set(lienthong_names ${CMAKE_BINARY_DIR}/lienthong.names)
    set(lienthong_object ${CMAKE_BINARY_DIR}/lienthong.o)
    set(lienthong_archive ${CMAKE_BINARY_DIR}/liblienthong.a)
    set(names "")
    foreach(header client restore status)
        set(path ${CMAKE_SOURCE_DIR}/include/lienthong/${header}.h)
        set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${path})
        file(READ ${path} text)
        string(REGEX MATCHALL "LT_EXPORT[^;(]*[^A-Za-z0-9_](lt_[a-z0-9_]+)\\(" found "${text}")
        foreach(one ${found})
            string(REGEX REPLACE ".*[^A-Za-z0-9_](lt_[a-z0-9_]+)\\($" "\\1" one "${one}")
            string(APPEND names "${one}\n")
        endforeach()
    endforeach()
    file(GENERATE OUTPUT ${lienthong_names} CONTENT "${names}")
    set(floors $<TARGET_FILE:lt_proto> $<TARGET_FILE:lt_schema> $<TARGET_FILE:lt_base>)
    add_custom_command(
        OUTPUT ${lienthong_object} ${lienthong_archive}
        COMMAND ${CMAKE_LINKER} -r -o ${lienthong_object} --whole-archive $<TARGET_FILE:lt_sdk>
                --no-whole-archive --start-group ${floors} --end-group
        COMMAND ${CMAKE_OBJCOPY} --keep-global-symbols=${lienthong_names} ${lienthong_object}
        COMMAND ${CMAKE_COMMAND} -E rm -f ${lienthong_archive}
        COMMAND ${CMAKE_AR} qcs ${lienthong_archive} ${lienthong_object}
        DEPENDS lt_sdk lt_proto lt_schema lt_base ${lienthong_names}
        VERBATIM)
    set_source_files_properties(${lienthong_object} PROPERTIES
        EXTERNAL_OBJECT ON GENERATED ON)
    add_library(lienthong SHARED ${lienthong_object})
    set_target_properties(lienthong PROPERTIES LINKER_LANGUAGE C
        VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR})
    target_link_libraries(lienthong PRIVATE PkgConfig::ZMQ PkgConfig::PROTOBUF_C OpenSSL::Crypto
        PkgConfig::LMDB Threads::Threads)
    target_link_options(lienthong PRIVATE -Wl,-z,relro,-z,now -Wl,--no-undefined)
    configure_file(ops/cmake/lienthong.pc.in lienthong.pc @ONLY)
    install(TARGETS lienthong LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
    install(FILES ${lienthong_archive} DESTINATION ${CMAKE_INSTALL_LIBDIR})
    install(FILES ${CMAKE_BINARY_DIR}/lienthong.pc
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endif()
