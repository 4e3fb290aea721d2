using Microsoft.Extensions.Configuration;

var builder = DistributedApplication.CreateBuilder(
    new DistributedApplicationOptions { Args = args, DisableDashboard = args.Contains("--Dashboard=false") }
);

// A program and no container: the redis-server of this machine, on a free port.
var redis = builder
    .AddExecutable("redis", "redis-server", ".", "--bind", "127.0.0.1", "--save", "")
    .WithEndpoint(name: "tcp", scheme: "tcp");
var address = redis.GetEndpoint("tcp");
redis.WithArgs("--maxmemory-policy", "noeviction", "--port", address.Property(EndpointProperty.TargetPort));

// Two nodes of the minimal API. ClusterSession:Redis comes from here.
foreach (var node in new[] { 1, 2 })
{
    builder
        .AddProject<Projects.MinimalApi>($"node-{node}")
        .WithHttpEndpoint(port: builder.Configuration.GetValue($"Node{node}Port", 5000 + node))
        .WithHttpHealthCheck("/health")
        .WithEnvironment(
            "ClusterSession__Redis",
            ReferenceExpression.Create($"{address.Property(EndpointProperty.HostAndPort)}")
        )
        .WaitFor(redis);
}

builder.Build().Run();
