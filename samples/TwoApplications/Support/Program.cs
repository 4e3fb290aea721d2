using ClusterSession;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.DataProtection;

// Name, cookie and Redis are those of the other application: appsettings.json of both.
var builder = WebApplication.CreateBuilder(args);
builder.Services.AddClusterSession().UseRedis().AddTicketStore();
builder.Services.AddDataProtection().SetApplicationName("Shop").PersistKeysToClusterSession();
builder
    .Services.AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme)
    .AddCookie(options => options.Cookie.Name = ".Shop.Login");

var app = builder.Build();
app.UseAuthentication();
app.UseClusterSession();

// The customer comes over from the shop, is logged in here too, and brings the basket.
app.MapPost("/note/{text}", (string text, HttpContext context) => context.Session.SetString("support:note", text));
app.MapGet("/", (HttpContext context) =>
        new
        {
            User = context.User.Identity?.Name,
            Basket = context.GetClusterSession().Get<string[]>("shop:basket") ?? [],
        }
    )
    .WithSessionAccess(SessionConcurrency.ReadOnly);

// Logs a customer out of both applications, in every browser. For staff: a real one asks who it is.
app.MapPost("/end/{name}", (string name, ISessionManager sessions) => sessions.EndAllAsync(name))
    .WithSessionAccess(SessionConcurrency.None);
app.Run();
